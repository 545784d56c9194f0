// Raw requests that are wrong, on a listener of uWebSockets.js.
import { framingTable } from './table.ts';

framingTable({
  waits: /bare CR|CR CR LF|no version/,
  known: (name, way) => {
    if (name.endsWith('an empty name')) return 'the library takes it for the end of the head';
    if (
      way === 'for what is stored' &&
      /^(GET|HEAD): (Content-Length empty|Transfer-Encoding empty|DEL|a field over|fields over|a name over)/.test(name)
    ) {
      return 'a hit has only the first line of Content-Length and Transfer-Encoding looked at';
    }
    return undefined;
  },
});
