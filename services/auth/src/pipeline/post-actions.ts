import type { actionsRun, DataOf } from '@sallyport/contracts';
import type { Decision } from '../decision.ts';
import type { Login } from '../login.ts';

/** Actions by what calls for them. */
export interface ActionNames {
  /** For each login refused as brute force. */
  readonly bruteForce: readonly string[];
  /** For every decision. */
  readonly post: readonly string[];
}

/** A job that leaves with its decision. Its id is the same however often the decision is kept. */
export interface ActionJob {
  readonly id: string;
  readonly data: DataOf<typeof actionsRun>;
}

/** One job per action that a decision calls for, brute-force actions first. */
export function actionJobs(names: ActionNames, decision: Decision, login: Login): ActionJob[] {
  const { verdict, reason } = decision.judgement;
  const account = accountOf(decision);
  const wanted = [
    ...(reason === 'brute-force' ? names.bruteForce.map((n) => ['brute-force', n] as const) : []),
    ...names.post.map((name) => ['post', name] as const),
  ];
  return wanted.map(([trigger, action]) => ({
    id: `${decision.id}.${trigger}.${action}`,
    data: {
      ...{ action, trigger, decision: decision.id, verdict, reason },
      ...(account === undefined ? {} : { account }),
      request: login.facts,
    },
  }));
}

/** The account that a decision is about, if a backend knew it. */
export function accountOf({ judgement }: Decision): string | undefined {
  return judgement.verdict === 'tempfail' ? undefined : judgement.account;
}
