import { interimScenarios, trailerScenarios } from './interim.ts';

interimScenarios();
trailerScenarios(false);
