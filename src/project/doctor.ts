import type { OperationOptions, DoctorFinding } from './operations.ts';

export function doctorProject(_options: OperationOptions): Promise<readonly DoctorFinding[]> {
  throw new Error('being built');
}
