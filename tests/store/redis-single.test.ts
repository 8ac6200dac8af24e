import type { Subject } from '@sallyport/store/conformance';
import { openRedisStore } from '@sallyport/store/redis';
import { testWith } from '../world/needs.ts';
import { startRedis } from '../world/redis.ts';
import { redisSuite } from './redis-suite.ts';

const test = testWith('redis-server');
const server = await startRedis();
test.after.always(() => server[Symbol.asyncDispose]());

const start = () =>
  openRedisStore({ mode: 'single', host: server.host, port: server.port, prefix: 'sp' });

async function open(): Promise<Subject> {
  const stack = new AsyncDisposableStack();
  const connect = async () => stack.use(await start());
  return {
    store: await connect(),
    secondConnection: connect,
    async restart() {
      await server.kill();
      await server.restart();
      return connect();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

redisSuite(test, { name: 'Redis', open });
