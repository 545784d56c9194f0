import { eventCases } from './events.ts';

eventCases(false);
