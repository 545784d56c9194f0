// What rules.test.ts shows, where uWebSockets.js cannot load.
import { ruleScenarios } from './scenarios.ts';

process.env.LB_TEST_NO_UWS = '1';
ruleScenarios(true);
