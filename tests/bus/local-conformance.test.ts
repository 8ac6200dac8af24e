import { busConformance } from '@sallyport/bus/conformance';
import test from 'ava';
import { openLocalWorld } from './local-world.ts';
import { collectSpans } from './spans.ts';

const spans = await collectSpans();
test.after.always('tracing ends', () => spans[Symbol.asyncDispose]());

busConformance(test.serial, { name: 'local', open: openLocalWorld, spans: spans.ended });
