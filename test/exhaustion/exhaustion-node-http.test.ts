// What exhaustion.test.ts shows, where uWebSockets.js cannot load.
import { exhaustionScenarios } from './scenarios.ts';

process.env.LB_TEST_NO_UWS = '1';
exhaustionScenarios(true);
