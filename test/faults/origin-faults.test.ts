import { originFaultScenarios } from './origin-faults.ts';

originFaultScenarios(true);
