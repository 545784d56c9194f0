import { streamScenarios } from './streams.ts';

await streamScenarios();
