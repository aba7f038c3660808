"""A build whose parts that grow with the data run on Spark; needs the extra ``spark``, serving does not."""
