// What ranges.test.ts shows, where uWebSockets.js cannot load.
process.env.LB_TEST_NO_UWS = '1';
await import('./ranges.test.ts');

export {};
