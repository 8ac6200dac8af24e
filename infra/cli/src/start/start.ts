import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type Assembly,
  type Environment,
  findConfig,
  type Life,
  run,
  type Service,
} from '@sallyport/runtime';
import { writeOperatorFile } from '../client/operator-file.ts';
import type { Terminal } from '../command.ts';
import { writeDemoEntities } from '../demo/entities.ts';
import { DemoError } from '../demo/errors.ts';
import { type DemoPlace, demoLines } from '../demo/lines.ts';
import { type DemoLogin, demoLogin } from '../demo/login.ts';
import { demoSettings } from '../demo/settings.ts';
import { createDemoUpstream } from '../demo/upstream.ts';
import { loadHouseConfig } from '../house/configuration.ts';
import { makeDataDirectory } from '../house/data-directory.ts';
import { type House, openHouse } from '../house/house.ts';
import { operatorTokenFile } from '../house/operator-token.ts';
import type { HouseConfig } from '../house/sections.ts';
import { VERSION } from '../version.ts';

const SERVICES = ['control', 'sessions', 'certs', 'auth', 'actions', 'edge'] as const;

export interface StartOptions {
  readonly data: string;
  /** The directory that commands look in when they aren't told another. */
  readonly usual: string;
  /** Undefined: where there is no configuration file. */
  readonly demo: boolean | undefined;
}

/** Runs everything as this process and ends it. */
export function start(options: StartOptions, terminal: Terminal): Promise<never> {
  return run((life) => assemble(options, terminal, life), {
    explain: ({ message }) => terminal.stderr.write(`sallyport start: ${message}\n`),
  });
}

async function assemble(options: StartOptions, terminal: Terminal, life: Life): Promise<Assembly> {
  const began = performance.now();
  const { env } = process;
  const data = resolve(options.data);
  await makeDataDirectory(data);
  const demo = options.demo ?? !(await isConfigured(env));
  const login = demo ? await demoLogin(data, life.signal) : undefined;
  const token = `file:${await operatorTokenFile(data)}`;
  const own = layer('sallyport start', {
    process: { log_level: 'warn' },
    node: { data, instance: 'all-in-one' },
    control: { api: { token } },
    certs: { issuers: [{ kind: 'internal', scope: 'any' }] },
  });
  const base = login === undefined ? [own] : [own, layer('the demonstration', demoSettings(login))];
  const config = await loadHouseConfig(env, SERVICES, base);
  const house = await openHouse({ config, services: SERVICES, version: VERSION }, life);
  const upstream = createDemoUpstream();
  const welcome: Service = {
    name: 'welcome',
    async start(signal = life.signal) {
      const access = await leaveTraces(data, house, config);
      const lines = [`Sallyport ${VERSION} listens`, ...places(house), ''];
      if (login !== undefined && upstream.url !== undefined) {
        await writeDemoEntities(access, upstream.url, signal);
        for (const { shows, line } of demoLines(placeOf(house, data, options, login))) {
          lines.push(`# ${shows}`, line, '');
        }
      }
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      lines.push(`Ready after ${seconds} s. Data is in ${data}. Ctrl-C ends it.`, '');
      terminal.stdout.write(lines.join('\n'));
    },
    async [Symbol.asyncDispose]() {},
  };
  const services = [...house.assembly.services, ...(demo ? [upstream] : []), welcome];
  return { ...house.assembly, services };
}

/** Whether the user has a configuration file. One that can't be read is for {@link loadHouseConfig} to say. */
async function isConfigured(env: Environment): Promise<boolean> {
  const files = findConfig(env, (path) => readFile(path, 'utf8'));
  return await files.then(
    ({ length }) => length > 0,
    () => true,
  );
}

/** Settings under those of the user. JSON is YAML. */
function layer(name: string, settings: object) {
  return { name, text: JSON.stringify(settings) };
}

/** What commands need to find this system. */
async function leaveTraces(data: string, house: House, config: HouseConfig) {
  const [url] = house.parts.get('control')?.urls() ?? [];
  const token = config.values.control.api.token?.reveal();
  if (url === undefined || token === undefined) throw new DemoError('control must have a token');
  await writeOperatorFile(data, { url, token });
  return { url, token };
}

function places({ parts }: House): string[] {
  return [...parts].flatMap(([name, part]) =>
    part.urls().map((url) => `  ${name.padEnd(9)} ${url}`),
  );
}

function placeOf(house: House, data: string, options: StartOptions, login: DemoLogin): DemoPlace {
  const https = house.parts
    .get('edge')
    ?.urls()
    .find((url) => url.startsWith('https:'));
  if (https === undefined) throw new DemoError('the edge must listen for https');
  const { hostname, port } = new URL(https);
  const usual = data === resolve(options.usual);
  const folder = usual ? options.usual : data;
  return {
    ...{ address: hostname, port: Number(port || 443), login },
    ...{ authority: `${folder}/ca.pem`, cookies: `${folder}/cookies.txt` },
    data: usual ? undefined : options.data,
  };
}
