import { type MessagePort, parentPort } from 'node:worker_threads';
import { hashSync } from 'bcryptjs';
import { shaCrypt } from './sha-crypt.ts';
import type { BcryptWork, ShaCryptWork } from './work.ts';

// The thread in which those hashes are computed that Node can't compute off the event loop by itself. One at a time.

/** What the thread is asked. */
export interface Order {
  readonly work: BcryptWork | ShaCryptWork;
  readonly password: Uint8Array;
}

/** The hash as text, or why there is none. */
export type Done = { readonly text: string } | { readonly error: unknown };

const port = parentPort as MessagePort;

port.on('message', ({ work, password }: Order) => {
  let done: Done;
  try {
    done = { text: compute(work, password) };
  } catch (error) {
    done = { error };
  } finally {
    password.fill(0);
  }
  port.postMessage(done);
});

function compute(work: BcryptWork | ShaCryptWork, password: Uint8Array): string {
  if (work.kind === 'sha-crypt') {
    return shaCrypt(work.algorithm, password, work.salt, work.rounds);
  }
  const setting = `$2b$${String(work.cost).padStart(2, '0')}$${work.salt}`;
  return hashSync(Buffer.from(password).toString('utf8'), setting).slice(setting.length);
}
