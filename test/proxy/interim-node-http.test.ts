// What interim.test.ts shows, where uWebSockets.js cannot load.
import { interimScenarios, trailerScenarios } from './interim.ts';

process.env.LB_TEST_NO_UWS = '1';
interimScenarios();
trailerScenarios(true);
