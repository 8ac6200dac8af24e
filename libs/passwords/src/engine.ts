import { argon2, createHash, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { PasswordWorkerError } from './errors.ts';
import { createThreads } from './threads.ts';
import type { Argon2Work, Engine, ScryptWork } from './work.ts';

const argon2Async = promisify(argon2);

/**
 * The engine of production: argon2 and scrypt in libuv's pool, by OpenSSL; bcrypt and SHA-crypt in threads of our own,
 * started when first needed.
 */
export function createEngine(): Engine {
  const threads = createThreads();
  return {
    async derive(work, password) {
      switch (work.kind) {
        case 'digest':
          return createHash(work.algorithm).update(password).update(work.salt).digest();
        case 'argon2':
          return await inPool(work, runArgon2(work, password));
        case 'scrypt':
          return await inPool(work, runScrypt(work, password));
        case 'bcrypt':
        case 'sha-crypt':
          return Buffer.from(await threads.compute({ work, password }), 'latin1');
      }
    },
    [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose](),
  };
}

async function inPool(work: Argon2Work | ScryptWork, result: Promise<Buffer>): Promise<Buffer> {
  try {
    return await result;
  } catch (cause) {
    // Out of memory, in practice: what can be wrong with the parameters was refused before.
    throw new PasswordWorkerError(`${work.kind} failed`, { cause });
  }
}

function runArgon2(work: Argon2Work, password: Uint8Array): Promise<Buffer> {
  return argon2Async(work.variant, {
    ...{ message: password, nonce: work.salt, tagLength: work.length },
    ...{ memory: work.memoryKiB, passes: work.passes, parallelism: work.lanes },
  });
}

function runScrypt(work: ScryptWork, password: Uint8Array): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const cost = 2 ** work.logN;
  const options = {
    ...{ N: cost, r: work.blockSize, p: work.parallelization },
    // OpenSSL counts B, V and some scratch space; ours was counted against the limits already.
    maxmem: 128 * work.blockSize * (cost + work.parallelization + 4),
  };
  scrypt(password, work.salt, work.length, options, (error, key) =>
    error === null ? resolve(key) : reject(error),
  );
  return promise;
}
