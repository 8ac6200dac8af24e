import { Type } from 'typebox';
import { defineConfig } from '../config/load.ts';
import { duration } from '../config/schema.ts';

/** Section `process`: what every process has, whatever it runs. */
export const processConfig = defineConfig(
  'process',
  Type.Object({
    log_level: Type.Union(
      [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
      { default: 'info' },
    ),
    drain: duration({
      default: '30s',
      min: '100ms',
      max: '1h',
      description: 'From the first signal to the end of the process.',
    }),
  }),
);
