import { busConformance } from '@sallyport/bus/conformance';
import test from 'ava';
import { openLocalWorld } from './local-world.ts';

busConformance(test.serial, { name: 'local', open: openLocalWorld });
