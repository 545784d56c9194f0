import { handshakeCases } from './handshake.ts';

handshakeCases(false);
