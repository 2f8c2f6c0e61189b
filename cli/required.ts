/** Contiv's words for a missing argument, which netctl says: by noun, then by verb. */
const texts: Readonly<Record<string, string>> = {
  tenant: 'Tenant name required',
  network: 'Network name required',
  'group create': 'Network and group name required',
  group: 'EndpointGroup name required',
  'policy rule-add': 'Policy name and Rule ID required',
  'policy rule-rm': 'Policy name and Rule ID required',
  policy: 'Policy name required',
  netprofile: 'Net profile name required',
  endpoint: 'Endpoint name required',
}

/** @param path `netctl policy rule-add` */
export function requiredText(path: string): string | undefined {
  const [, noun = '', verb = ''] = path.split(' ')
  return texts[`${noun} ${verb}`] ?? texts[noun]
}
