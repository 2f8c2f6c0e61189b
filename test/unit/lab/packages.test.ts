import assert from 'node:assert/strict'
import { missingPackages } from '../../../lab/packages.ts'

describe('lab: packages', () => {
  it('wants nothing where everything is there', () => {
    assert.deepEqual(
      missingPackages(() => true, true),
      [],
    )
  })

  it('names the package of a missing program', () => {
    assert.deepEqual(
      missingPackages(program => program !== 'busybox', false),
      ['busybox-static'],
    )
  })

  it('wants the loader of AppArmor only where the kernel has it', () => {
    const has = (program: string) => program !== 'apparmor_parser'
    assert.deepEqual(missingPackages(has, false), [])
    assert.deepEqual(missingPackages(has, true), ['apparmor'])
  })
})
