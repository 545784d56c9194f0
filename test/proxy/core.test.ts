import { bodyScenarios } from './bodies.ts';
import { forwardingScenarios } from './forwarding.ts';
import { responseScenarios } from './responses.ts';

bodyScenarios();
forwardingScenarios();
responseScenarios();
