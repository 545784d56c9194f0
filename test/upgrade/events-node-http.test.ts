// What events.test.ts shows, on node:http.
import { eventCases } from './events.ts';

process.env.LB_TEST_NO_UWS = '1';
eventCases(true);
