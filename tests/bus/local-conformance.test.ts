import { busConformance } from '@sallyport/bus/conformance';
import test from 'ava';
import { openLocalWorld } from './local-world.ts';
import { collectSpans } from './spans.ts';

const spans = await collectSpans();

busConformance(test.serial, { name: 'local', open: openLocalWorld, spans });
