import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'mocha'
import { installMissing } from '../../lab/packages.ts'
import { packageRoot } from '../../lab/plan.ts'
import { run } from '../../src/lib/exec.ts'

/** No box can be started here; what Vagrant makes of the file without one. */
describe('Vagrantfile', function () {
  this.timeout(10 * 60_000)
  const home = mkdtempSync(join(tmpdir(), 'skein-vagrant-'))

  before(async () => {
    // the plugin has no program: the folder of Vagrant's plugins that Debian packages
    const programs = { vagrant: 'vagrant', '../share/vagrant-plugins/plugins.d': 'vagrant-libvirt' }
    await installMissing(line => console.log(`    ${line}`), programs, 'npm run test:install')
    // Debian has no VirtualBox. Vagrant asks its program for nothing but the version before it checks the file
    writeFileSync(join(home, 'VBoxManage'), '#!/bin/sh\necho 7.0.20r163906\n', { mode: 0o755 })
  })
  after(() => rmSync(home, { recursive: true, force: true }))

  const validate = (provider: string) =>
    run(
      'env',
      [
        `VAGRANT_HOME=${home}`,
        `VAGRANT_CWD=${packageRoot()}`,
        `VAGRANT_DOTFILE_PATH=${home}/dot`,
        `VAGRANT_DEFAULT_PROVIDER=${provider}`,
        `PATH=${home}:${process.env.PATH}`,
        ...['vagrant', 'validate'],
      ],
      { timeoutMs: 120_000 },
    )

  for (const provider of ['libvirt', 'virtualbox']) {
    it(`is valid for ${provider}`, async () => {
      const { code, stdout, stderr } = await validate(provider)
      assert.deepEqual([code, stdout], [0, 'Vagrantfile validated successfully.\n'], stderr)
    })
  }
})
