// What origin-faults.test.ts shows, where uWebSockets.js cannot load.
import { originFaultScenarios } from './origin-faults.ts';

process.env.LB_TEST_NO_UWS = '1';
originFaultScenarios(false);
