import { adminSettings } from '@sallyport/admin';
import { type ConfigOf, defineConfig } from '@sallyport/runtime';
import { Type } from 'typebox';

/** Settings of control. */
export const controlConfig = defineConfig(
  'control',
  Type.Object({
    /** The Admin API. With a token everybody must bring it; without one whoever reaches the listener may write. */
    api: adminSettings(8001),
  }),
);

export type ControlConfig = ConfigOf<typeof controlConfig>;
