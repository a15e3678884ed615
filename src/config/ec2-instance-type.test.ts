import { describe, expect, it } from 'vitest';
import { architectureOf } from './ec2-instance-type.ts';

describe('architectureOf', () => {
  it.each([
    'a1.medium',
    't4g.micro',
    'm8g.large',
    'm7gd.16xlarge',
    'c7gn.medium',
    'im4gn.large',
    'is4gen.medium',
    'x2gd.metal',
    'g5g.xlarge',
    'hpc7g.16xlarge',
    'i8g.large',
  ])('tells that %s is a Graviton', (type) => expect(architectureOf(type)).toBe('arm64'));

  it.each([
    't3.micro',
    'm7i.large',
    'm7i-flex.large',
    'c6a.xlarge',
    'g4dn.xlarge',
    'g6e.xlarge',
    'gr6.4xlarge',
    'p5en.48xlarge',
    'u7i-12tb.224xlarge',
    'u-6tb1.56xlarge',
    'i7ie.large',
    'm5zn.metal',
    'inf2.xlarge',
  ])('tells that %s is not', (type) => expect(architectureOf(type)).toBe('amd64'));
});
