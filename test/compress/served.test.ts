import { servedScenarios } from './served.ts';

await servedScenarios();
