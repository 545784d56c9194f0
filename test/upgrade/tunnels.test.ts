import { tunnelCases } from './tunnels.ts';

tunnelCases();
