import { exhaustionScenarios } from './scenarios.ts';

exhaustionScenarios(false);
