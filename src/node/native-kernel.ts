// Offers the native kernel to the choice of kernels where its addon is installed.
// The one module outside kernel/ that knows that there is one.

import native from '../../native/index.cjs'
import { offerNativeKernel } from '../kernel/select.ts'

offerNativeKernel(() => {
  if (native === undefined) throw new Error('no addon for this platform')
  if (native.name !== 'native' || !(native.rows instanceof Uint32Array))
    throw new Error('the addon that is there is another one')
  return native
})
