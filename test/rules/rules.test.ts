import { ruleScenarios } from './scenarios.ts';

ruleScenarios(false);
