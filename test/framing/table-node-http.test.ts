// What table.test.ts shows, where uWebSockets.js cannot load.
import { framingTable } from './table.ts';

process.env.LB_TEST_NO_UWS = '1';
framingTable({
  known: (name) => (name.startsWith('two spaces') ? 'Node takes more spaces than one (RFC 9112 section 3)' : undefined),
});
