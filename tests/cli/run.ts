import { main } from '@sallyport/cli';
import { certCommands } from '../../infra/cli/src/commands/certs.ts';
import { eventCommands } from '../../infra/cli/src/commands/events.ts';
import { nodeCommands } from '../../infra/cli/src/commands/nodes.ts';
import { sessionCommands } from '../../infra/cli/src/commands/sessions.ts';

/** Collects what a command prints. */
function screen() {
  const printed = { out: '', err: '' };
  const terminal = {
    stdout: {
      write: (text: string) => {
        printed.out += text;
      },
    },
    stderr: {
      write: (text: string) => {
        printed.err += text;
      },
    },
  };
  return { printed, terminal };
}

/** Runs a command to its end. */
export async function sallyport(...words: string[]) {
  const { printed, terminal } = screen();
  return { code: await main(words, terminal), ...printed };
}

/** A command at work, which ends when it is stopped. */
export interface Running {
  readonly printed: { readonly out: string; readonly err: string };
  readonly code: Promise<number>;
  stop(): Promise<number>;
}

/** Starts a command that a signal ends, as Ctrl-C does. */
export function begin(name: string, ...args: string[]): Running {
  const all = [...eventCommands, ...certCommands, ...sessionCommands, ...nodeCommands];
  const command = all.find((one) => one.name === name);
  if (command === undefined) throw new Error(`no command '${name}'`);
  const { printed, terminal } = screen();
  const controller = new AbortController();
  const code = command.run(args, terminal, controller.signal);
  return {
    ...{ printed, code },
    stop: () => {
      controller.abort(new Error('interrupted'));
      return code;
    },
  };
}
