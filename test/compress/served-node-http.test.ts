// What served.test.ts shows, where uWebSockets.js cannot load.
import { servedScenarios } from './served.ts';

process.env.LB_TEST_NO_UWS = '1';
await servedScenarios();
