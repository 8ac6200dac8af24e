import type { Subject } from '@sallyport/store/conformance';
import { openRedisStore } from '@sallyport/store/redis';
import { testWith } from '../world/needs.ts';
import { startRedisCluster } from '../world/redis.ts';
import { redisSuite } from './redis-suite.ts';

const test = testWith('redis-server');
const cluster = await startRedisCluster();
test.after.always(() => cluster[Symbol.asyncDispose]());

async function open(): Promise<Subject> {
  const stack = new AsyncDisposableStack();
  const connect = async () =>
    stack.use(await openRedisStore({ mode: 'cluster', nodes: cluster.nodes, prefix: 'sp' }));
  return {
    store: await connect(),
    secondConnection: connect,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

redisSuite(test, { name: 'Redis Cluster', open });
