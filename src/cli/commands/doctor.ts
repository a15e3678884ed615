/** `slipway doctor`: what this machine lacks, and how to mend it. */
import { SlipwayError } from '../../core/errors.ts';
import { doctorProject } from '../../project/doctor.ts';
import type { DoctorFinding } from '../../project/operations.ts';
import type { CommandRun } from '../context.ts';
import type { WholeFlags } from '../flags.ts';
import type { Paint, Role } from '../render/paint.ts';
import { operationOptions } from '../session.ts';

const SIGNS: Readonly<Record<DoctorFinding['state'], readonly [string, Role]>> = {
  ok: ['✔', 'good'],
  warning: ['!', 'warn'],
  problem: ['✖', 'bad'],
};

const run: CommandRun<WholeFlags> = async (session, flags) => {
  const findings = await doctorProject(operationOptions(session, flags));
  const problems = findings.filter((finding) => finding.state === 'problem');
  session.result(
    'doctor',
    { findings },
    findings.flatMap((finding) => findingLines(finding, session.paint)),
  );
  if (problems.length > 0)
    throw new SlipwayError(
      'SLW-CLI-008',
      `${problems.length} of ${findings.length} checks found a problem: ${problems.map((problem) => problem.check).join(', ')}`,
    );
  return 0;
};

function findingLines(finding: DoctorFinding, paint: Paint): readonly string[] {
  const [sign, role] = SIGNS[finding.state];
  return [`${paint(role, sign)} ${finding.check}: ${finding.message}`, ...(finding.fix === undefined ? [] : [`    fix: ${finding.fix}`])];
}

export default run;
