import { expect, it } from 'vitest'
import { subnetOf } from '#domain/names/subnet.ts'

it.each([
  ['2001:db8:0:7::1', '2001:db8:0:7'],
  ['2001:0DB8:0000:0007:a:b:c:d', '2001:db8:0:7'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::', 'fe80:0:0:0'],
  ['10.0.0.9', '10.0.0.9'],
  ['budi', 'budi'],
])('C70: %s is of the household %s', (address, household) => expect(subnetOf(address)).toBe(household))
