// What core.test.ts shows, where uWebSockets.js cannot load.
import { bodyScenarios } from './bodies.ts';
import { forwardingScenarios } from './forwarding.ts';
import { responseScenarios } from './responses.ts';

process.env.LB_TEST_NO_UWS = '1';
bodyScenarios();
forwardingScenarios();
responseScenarios();
