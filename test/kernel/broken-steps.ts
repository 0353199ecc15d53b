import type { Step } from '#nic/step.js'

/** A step as it fails before and after it has done its work; none for those that cannot fail so, or never do. */
export function brokenSteps(step: Step): readonly Step[] {
  switch (step.kind) {
    case 'bridge': // the other program, with the other words
      return [
        { ...step, lines: ['link set dev nosuch hairpin on', ...step.lines] },
        { ...step, lines: [...step.lines, 'link set dev nosuch hairpin on'] },
      ]
    case 'ip':
      return [
        { ...step, lines: ['link set dev nosuch up', ...step.lines] },
        { ...step, lines: [...step.lines, 'link set dev nosuch up'] },
      ]
    case 'rules':
      return [
        { ...step, script: `${step.script}add rule netdev okeanid nosuch drop\n` },
        { ...step, script: `${step.script}# add rule\n  add  rule netdev okeanid tap7 bogus\n` },
      ]
    case 'sysctl':
      return [{ ...step, values: [...step.values, ['net/ipv4/conf/nosuch/proxy_arp', '1']] }]
    case 'script':
      return [
        { ...step, path: '/nonexistent/up' },
        { ...step, path: `${step.path}-broken` },
      ]
    case 'ovs': // one transaction
      return [
        { ...step, args: ['--', 'add-port', 'nosuch', 'none', ...step.args] },
        { ...step, args: [...step.args, '--', 'set', 'port', 'nosuch', 'tag=1'] },
      ]
    case 'binding': // the last one; that it fails is shown with a folder that is not there
    case 'clear':
    case 'forget':
      return []
  }
}
