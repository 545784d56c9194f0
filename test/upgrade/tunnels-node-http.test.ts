// What tunnels.test.ts shows, where bytes are passed on as they come.
import { tunnelCases } from './tunnels.ts';

process.env.LB_TEST_NO_UWS = '1';
tunnelCases();
