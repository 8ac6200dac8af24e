import { adminSettings } from '@sallyport/admin';
import { type ConfigOf, defineConfig } from '@sallyport/runtime';
import { Type } from 'typebox';

/** Settings of control. */
export const controlConfig = defineConfig(
  'control',
  Type.Object({
    /** The Admin API and the operator API. With a token everybody must bring it; without one whoever reaches the listener may write. */
    api: adminSettings(8001, { drainIdle: '1s' }),
    max_tails: Type.Integer({
      ...{ default: 32, minimum: 1, maximum: 1024 },
      description: 'Readers of events at a time, each over a connection of its own.',
    }),
  }),
);

export type ControlConfig = ConfigOf<typeof controlConfig>;
