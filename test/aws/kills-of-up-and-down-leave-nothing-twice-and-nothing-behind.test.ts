/** A sample of the storm that `node scripts/aws-storm.ts` makes in full: three kills over Network and EKS. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsStorm, awsStormRound, openAwsStorm } from '../support/aws-storm.ts';
import { createRandom } from '../support/storm.ts';

describe('up and down of a project on AWS', () => {
  let storm: AwsStorm;

  beforeAll(async () => {
    storm = await openAwsStorm();
  }, 300_000);

  afterAll(async () => {
    await storm?.project.close();
  });

  it('go on where they were killed', async () => {
    const kills = await awsStormRound(storm, createRandom(5), { ups: 2, downs: 1 });
    expect(kills.filter(({ landed }) => landed).length).toBeGreaterThan(0);
  });
});
