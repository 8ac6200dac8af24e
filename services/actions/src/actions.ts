import type { DeliveryContext, Job, JobOutcome, Subscription } from '@sallyport/bus';
import { actionsRun } from '@sallyport/contracts';
import type { Service } from '@sallyport/runtime';
import type { Action, Outcome, RunData } from './action.ts';
import type { ActionConfig, ActionsConfig } from './config.ts';
import { ActionConfigError } from './errors.ts';
import { logAction } from './log-action.ts';
import { duration, tried } from './metrics.ts';
import type { ActionsPorts } from './ports.ts';
import { sightOf } from './privacy.ts';
import { webhookAction } from './webhook-action.ts';

/** How fast pauses grow from try to try. */
const GROWTH = 4;

/**
 * The durable worker: runs one action for each job `actions.run`, at least once, under the job's id. Any number of instances share
 * the jobs. Throws `ActionConfigError`.
 */
export function createActions(ports: ActionsPorts, config: ActionsConfig): Service {
  const actions = actionsOf(ports, config);
  let subscription: Subscription | undefined;

  const handle = async (job: Job<RunData>, context: DeliveryContext): Promise<JobOutcome> => {
    const { action: name } = job.data;
    const action = actions.get(name);
    const began = ports.clock.monotonic();
    const outcome: Outcome =
      action === undefined
        ? { outcome: 'dead', reason: `action '${name}' must be configured` }
        : await action({ id: job.id, time: job.time, data: job.data }, context.signal);
    const attributes = { action: action === undefined ? 'unknown' : name };
    tried.add(1, { ...attributes, outcome: outcome.outcome });
    duration.record((ports.clock.monotonic() - began) / 1000, attributes);
    return verdictOf(outcome, context, config);
  };

  return {
    name: 'actions',
    async start(signal) {
      signal?.throwIfAborted();
      const { concurrency, tries } = config;
      const options = { concurrency, maxDeliver: tries, backoffMs: [config.backoff.most] };
      subscription = await ports.bus.jobs.work(actionsRun, options, handle);
    },
    drain: async (signal) => await subscription?.drain(signal),
    [Symbol.asyncDispose]: async () => await subscription?.[Symbol.asyncDispose](),
  };
}

function actionsOf(ports: ActionsPorts, config: ActionsConfig): ReadonlyMap<string, Action> {
  const actions = new Map<string, Action>();
  for (const each of config.list) {
    if (actions.has(each.name)) {
      throw new ActionConfigError(`action '${each.name}' must be configured once`);
    }
    const action = actionOf(ports, config, each);
    const sight = sightOf(each, config);
    actions.set(each.name, (run, signal) => action({ ...run, data: sight(run.data) }, signal));
  }
  return actions;
}

function actionOf(ports: ActionsPorts, config: ActionsConfig, each: ActionConfig): Action {
  switch (each.kind) {
    case 'log':
      return logAction(each, ports.logger);
    case 'webhook':
      return webhookAction(each, ports, config.retry_after);
  }
}

/** What becomes of the job after one try. */
function verdictOf(
  outcome: Outcome,
  { attempt }: Pick<DeliveryContext, 'attempt'>,
  { tries, backoff }: Pick<ActionsConfig, 'tries' | 'backoff'>,
): JobOutcome {
  if (outcome.outcome === 'done') return undefined;
  const { reason } = outcome;
  if (outcome.outcome === 'dead') return { dead: reason };
  if (attempt >= tries) return { dead: `failed ${attempt} times, last with: ${reason}` };
  const pause = Math.min(backoff.first * GROWTH ** (attempt - 1), backoff.most);
  return { retryMs: Math.max(pause, outcome.afterMs ?? 0) };
}
