import { actionsConfig } from '@sallyport/actions';
import { authConfig } from '@sallyport/auth';
import { certsConfig } from '@sallyport/certs';
import { controlConfig } from '@sallyport/control';
import { edgeConfig } from '@sallyport/edge';
import { type LoadedConfig, processConfig } from '@sallyport/runtime';
import { sessionsConfig } from '@sallyport/sessions';
import { telemetryConfig } from '@sallyport/telemetry';
import { busConfig } from './bus-config.ts';
import { keysConfig, nodeConfig } from './node-config.ts';
import { withPrivate } from './private-listener.ts';
import { storeConfig } from './store-config.ts';

/** Every section of `sallyport.yaml`. */
export const sections = [
  processConfig,
  nodeConfig,
  keysConfig,
  storeConfig,
  busConfig,
  telemetryConfig,
  withPrivate(edgeConfig, 9180),
  withPrivate(certsConfig, 9181),
  withPrivate(authConfig, 9182),
  withPrivate(sessionsConfig, 9183),
  withPrivate(actionsConfig, 9184),
  withPrivate(controlConfig, 9185),
] as const;

/** The configuration of a whole process. */
export type HouseConfig = LoadedConfig<typeof sections>;
