export type {
  RedisAddress,
  RedisClusterOptions,
  RedisSentinelOptions,
  RedisSingleOptions,
  RedisStoreOptions,
} from './options.ts';
export { openRedisStore } from './store.ts';
