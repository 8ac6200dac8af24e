import { busConformance } from '@sallyport/bus/conformance';
import { testWith } from '../world/needs.ts';
import { openNatsWorld } from './nats-world.ts';
import { collectSpans } from './spans.ts';

const test = testWith('nats-server');

busConformance(test.serial, { name: 'nats', open: openNatsWorld, spans: await collectSpans() });
