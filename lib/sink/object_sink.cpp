#include "sink/object_sink.hpp"

#include "pipeline/chunk_packer.hpp"

namespace dcdn::sink {

Result<Buffer> checked_content(const ObjectSink& sink, const wire::ChunkRecord& record, const Buffer& carried,
                               BufferPool& pool) {
  if (sink.needs_content()) return pipeline::unpack_chunk(record, carried, pool);
  DCDN_CHECK(pipeline::check_carried(record, carried));
  return Buffer();
}

}  // namespace dcdn::sink
