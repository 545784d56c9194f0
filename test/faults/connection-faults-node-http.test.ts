// What connection-faults.test.ts shows, where uWebSockets.js cannot load.
import { connectionFaultScenarios } from './connection-faults.ts';

process.env.LB_TEST_NO_UWS = '1';
connectionFaultScenarios(false);
