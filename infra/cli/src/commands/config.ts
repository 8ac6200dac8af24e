import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ConfigError, type ConfigSection, EXIT, findConfig, loadConfig } from '@sallyport/runtime';
import { operatorCommand } from '../client/operator-command.ts';
import { plainJson, plainText, table } from '../client/text.ts';
import { type Command, UsageError } from '../command.ts';

interface Setting {
  readonly path: string;
  readonly value: string;
  readonly source: string;
  readonly where?: string;
  readonly through?: string;
}

const show = operatorCommand({
  name: 'config show',
  summary: 'show the configuration of a running system, and where each value is from',
  synopsis: '[--json]',
  help: ['Secrets are shown as ***. In a cluster it is the configuration that control runs with.'],
  async run({ client, terminal, json }) {
    const { settings } = await client.ask<{ settings: Setting[] }>('GET', '/config');
    if (json) {
      terminal.stdout.write(`${plainJson(settings, 2)}\n`);
      return EXIT.ok;
    }
    const rows = settings.map(({ path, value, source, where, through }) => [
      ...[path, value, [where ?? source, through].filter((part) => part !== undefined).join(', ')],
    ]);
    terminal.stdout.write(table(['SETTING', 'VALUE', 'FROM'], rows));
    return EXIT.ok;
  },
});

/** `config check`: `sections` are all there are, loaded only when they are needed. */
function checkCommand(
  sections: () => Promise<readonly ConfigSection[]>,
  env: Readonly<Record<string, string | undefined>>,
): Command {
  return {
    name: 'config check',
    summary: 'check a configuration without starting anything: all mistakes at once',
    usage: [
      'sallyport config check [file] [--json]',
      'file       default: SALLYPORT_CONFIG, else sallyport.yaml here, if there is one',
      '--json     the mistakes as JSON on standard output',
      'The environment counts as it does for a start. Exit 78 when there is a mistake.',
    ],
    async run(args, terminal) {
      const { json, file } = words(args);
      try {
        await load(file);
        terminal.stdout.write(json ? '[]\n' : 'the configuration is fine\n');
        return EXIT.ok;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        const { mistakes, message } = error;
        if (json) terminal.stdout.write(`${plainJson(mistakes, 2)}\n`);
        else terminal.stderr.write(`${message.split('\n').map(plainText).join('\n')}\n`);
        return EXIT.config;
      }
    },
  };

  async function load(file: string | undefined): Promise<void> {
    const read = (path: string) => readFile(path, 'utf8');
    // A file that was named and can't be read is a mistake like any other.
    const files = await findConfig(file === undefined ? env : { SALLYPORT_CONFIG: file }, read);
    await loadConfig({ sections: await sections(), files, env, readFile: read });
  }
}

function words(args: readonly string[]): { json: boolean; file: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      ...{ args: [...args], allowPositionals: true },
      options: { json: { type: 'boolean', default: false } },
    });
    if (positionals.length > 1) throw new Error(`takes one file, got ${positionals.length}`);
    return { json: values.json, file: positionals[0] };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The commands about configuration; `sections` are all there are. */
export function configCommands(
  sections: () => Promise<readonly ConfigSection[]>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Command[] {
  return [checkCommand(sections, env), show];
}
