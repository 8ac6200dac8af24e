import { KERNELS } from '../bench/kernels.ts';
import { compile, createEnvironment } from './index.ts';
import { debianKernel } from '../bench/debian.ts';
let geo = 1, n = 0;
for (const k of KERNELS) {
  if (process.argv[2] && !k.name.includes(process.argv[2])) continue;
  const env = createEnvironment(); await env.call(env.load(compile(k.source)));
  const f = env.globals.get('kernel'); const [check] = await env.call(f);
  let best = 1e9; const end = performance.now()+1500;
  let sum=0,c=0;
  while (performance.now() < end) { const t = performance.now(); await env.call(f); const e=performance.now()-t; if (e<best) best=e; sum+=e;c++; }
  const d = await debianKernel(k, 500, AbortSignal.timeout(20000));
  console.log(k.name, 'ours best', best.toFixed(3), 'mean', (sum/c).toFixed(3), 'lua5.1', d.ms.toFixed(3), 'ratio', (d.ms/(sum/c)).toFixed(2), check === d.check ? 'ok' : 'WRONG '+check+' '+d.check);
  geo *= d.ms/(sum/c); n++;
}
console.log('geo', (geo ** (1/n)).toFixed(3));
