// What handshake.test.ts shows, where bytes are passed on as they come.
import { handshakeCases } from './handshake.ts';

process.env.LB_TEST_NO_UWS = '1';
handshakeCases(true);
