import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Program, startProgram, tempDir } from './program.ts';
import { until } from './until.ts';

/** A private nats-server with JetStream on loopback. */
export interface NatsServer extends AsyncDisposable {
  /** `nats://127.0.0.1:<port>`; the same after {@link restart}. */
  readonly url: string;
  readonly port: number;
  readonly program: Program;
  /** Kills it without warning (SIGKILL); what JetStream has fsynced stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and directory. */
  restart(): Promise<void>;
}

/** Starts nats-server on a free port. `config` is the text of an additional configuration file (users, limits …). */
export async function startNats(options: { configFile?: string } = {}): Promise<NatsServer> {
  const dir = await tempDir();
  let port = -1;
  let program: Program;
  const start = async () => {
    const args = ['-js', '-sd', join(dir.path, 'js'), '-a', '127.0.0.1', '-p', String(port)];
    if (options.configFile !== undefined) args.push('-c', options.configFile);
    program = startProgram('nats-server', [...args, '--ports_file_dir', dir.path]);
    const file = await until(
      async () =>
        (await readdir(dir.path)).find((f) => f.endsWith(`_${program.pid}.ports`)) ??
        (program.child.exitCode === null ? undefined : Promise.reject(new Error(program.output()))),
      'nats-server opens a port',
    );
    const ports = await until(async () => {
      const text = await readFile(join(dir.path, file), 'utf8');
      return text === '' ? undefined : (JSON.parse(text) as { nats: [string] });
    });
    port = Number(new URL(ports.nats[0]).port);
    await until(() => program.output().includes('Server is ready'), 'nats-server is ready');
  };
  try {
    await start();
  } catch (error) {
    await dir[Symbol.asyncDispose]();
    throw error;
  }
  return {
    url: `nats://127.0.0.1:${port}`,
    get port() {
      return port;
    },
    get program() {
      return program;
    },
    kill: () => program.stop('SIGKILL'),
    restart: start,
    async [Symbol.asyncDispose]() {
      await program.stop('SIGKILL');
      await dir[Symbol.asyncDispose]();
    },
  };
}
