import { connectionFaultScenarios } from './connection-faults.ts';

connectionFaultScenarios(true);
