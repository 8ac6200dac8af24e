import { busConformance } from '@sallyport/bus/conformance';
import ava from 'ava';
import { testWith } from '../world/needs.ts';
import { openNatsWorld } from './nats-world.ts';
import { collectSpans } from './spans.ts';

const test = testWith('nats-server');
const spans = await collectSpans();
ava.after.always('tracing ends', () => spans[Symbol.asyncDispose]());

busConformance(test.serial, { name: 'nats', open: openNatsWorld, spans: spans.ended });
