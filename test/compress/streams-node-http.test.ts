// What streams.test.ts shows, where uWebSockets.js cannot load.
import { streamScenarios } from './streams.ts';

process.env.LB_TEST_NO_UWS = '1';
await streamScenarios();
